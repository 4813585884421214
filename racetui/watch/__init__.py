"""Watching a car drive: a lease, a process that drives while it lasts, and a ring of pictures between the two.

Whoever watches renews the run's lease every second and starts the process that drives (``driving``), if there is
none. It drives with weights that a living trainer lends (``weights``) or with a checkpoint, writes every frame into
the run's file ``frames`` (``ring``), and ends when the lease does. Importing this loads neither torch nor numba nor
Textual.
"""
