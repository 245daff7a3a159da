"""What can be had, what is here, and what each model is good for."""

from aura.catalog.models import Catalog, Defaults, Model

__all__ = ["Catalog", "Defaults", "Model"]
