"""A model of Reel, from the specification and the decisions alone, and what compares the two.

Nothing here knows the services' code: states, edges and answers are written down a second time.
"""
