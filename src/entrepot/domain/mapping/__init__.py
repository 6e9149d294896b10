"""Partners' own words: how their payloads become the API's, and records and errors theirs again."""
