"""Records in the API's own words."""
