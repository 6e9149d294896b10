"""The methods beyond those that every class has."""
