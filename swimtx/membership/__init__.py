"""The member list: the state of each member, and the order in which one claim overrides another
(SWIM §4.2). Start at ``table``: ``Membership.apply`` is the one way to change the list.
"""
