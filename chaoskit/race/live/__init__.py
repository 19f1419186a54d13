"""The race live: the policies of ``chaoskit.race`` as processes that write a hosted zone through boto3, and in virtual time beside it.

``participant`` says when a policy's next call is due, for both drivers. ``zone_api`` (boto3) and ``performer`` make the call;
``simulated`` plays the same participants on a zone in memory. ``layout`` is how plans, trees, aliases and locks are written in the
hosted zone. ``evidence`` reads a journal: who emptied a record, and what that batch was based on.
"""
