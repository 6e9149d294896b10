"""The ReBound door: the Order API v2, by which a retailer registers what it sold so that it can come back."""
