"""What is believed of each member, and which claim takes precedence (SWIM §4.2).

Start at ``table``: ``Membership.apply`` is the one way to change the member list.
"""
