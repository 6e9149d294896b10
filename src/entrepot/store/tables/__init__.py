from entrepot.store.tables._base import metadata

__all__ = ["metadata"]
