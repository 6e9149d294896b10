"""Who stands behind a credential: administrators, customers, their passwords, codes and tokens."""
