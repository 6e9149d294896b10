"""What follows from a declaration: schemas, validation, normalisation, and the methods that every class has."""
