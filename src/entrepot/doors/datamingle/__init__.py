"""The DataMingle door: partners' orders, stock, locations and products, in the partners' own words."""
