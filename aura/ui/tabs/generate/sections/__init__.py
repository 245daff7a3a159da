"""The sections of the panel, a module each: its components, and what their values mean.

``FIELDS`` names a section's inputs. ``keywords`` makes keywords of ``aura.composer.compose``
of their values, ``filled`` makes values of such keywords.
"""
