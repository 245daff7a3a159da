"""A picture in several passes: drawn, enlarged, refined, and its details drawn anew.

``order`` says which passes a request asks for. Each but the first is a generator that takes
one picture on: it yields a ``Piece`` of work for a model, is sent the result, and returns the
picture. Whoever drives it owns the model, the plan, cancel and time. No torch here.
"""
