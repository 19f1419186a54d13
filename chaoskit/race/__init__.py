"""The race of 20 October 2025: planner, enactors and their protections as pure policies, explored exhaustively or driven live.

Several enactors install numbered plans in one hosted zone. Per endpoint the zone holds a stable *alias*, one *tree* per plan (the
weighted set with the addresses), a *rollback record*, and a TXT *lock* that every batch swaps by compare-and-swap: it deletes the exact
value read before and creates a new one, in the same all-or-nothing change batch. (AWS, re:Invent 2025 DAT453; Post-Event Summary 101925.)

The interface that a driver wraps
=================================

A policy is two pure functions on plain, hashable values (``chaoskit.race.policy.Policy``)::

    policy.start                     the local state in which a process begins
    policy.call(local) -> Call       the one API call to make now
    policy.reply(local, answer)      the local state after the answer

One step is one real API call. A policy never sleeps, sends or reads a clock, so the explorer can tabulate it and a live driver can play
the same object over boto3::

    local = enactor.start
    while running:
        answer = perform(enactor.call(local))        # one request to Route 53, or to the plan store
        local = enactor.reply(local, answer)

Calls and answers (``chaoskit.race.calls``), frozen data classes:

==================================================  =============================================================================
``ReadPlans()``                                     ``Newest(plan)``: the number of the newest plan in the plan store
``ReadAlias(endpoint)``                             ``Alias(plan)``: the plan at whose tree the alias points, 0 for none
``ReadLock(endpoint)``                              ``Lock(stamp)``: the TXT value, to be handed back in the next batch
``ListTrees(endpoint)``                             ``Trees(plans)``: the plans with a tree at the endpoint, at any for ``None``;
                                                    sorted; once per address left where ``rules.by_address``, else once
``Batch(endpoint, stamp, changes)``                 ``Applied(stamp)`` with the new TXT value; ``LockLost()`` where the TXT is not
                                                    ``stamp``, or ``Refused(reason, plan)``: nothing was changed
``InstallIfNewer(endpoint, plan, tolerant)``        model only: compare and install in one step; ``Applied``, ``NotNewer`` or ``Refused``
``PublishPlan()``                                   ``Published(plan)``; the planner's only call
==================================================  =============================================================================

``Batch.changes`` is a tuple of ``PutTree(plan)`` (UPSERT), ``PointAlias(plan)``, ``PointRollback(plan)``, ``DeleteTree(plan)`` and
``DeleteAddress(plan)``. A driver puts the swap of the TXT in front of them and chooses the new stamp (owner, expiry and a nonce: never the
same twice); the policy hands stamps back and compares them with nothing. The reasons of ``Refused`` are the closed set ``calls.Reason``;
its ``plan`` is the one whose tree is missing, for "no such target" and "not found" alike.

An enactor works through ``endpoints`` endpoints per pass (``Enactor(rules, endpoints=50)``), reading freshness and the clean-up list
once a pass unless a protection says otherwise; with one endpoint it is the process that the model explores. ``Local.endpoint`` says where
it stands. Waiting is the driver's: it counts consecutive ``LockLost`` answers and sleeps ``LOSERS.sleep(count, rng)`` nanoseconds
(``chaoskit.race.enactor.LOSERS``); in the model every order of steps is explored, so every wait is.

Protections (``chaoskit.race.protections``, a file each) are switches that edit the enactor's ``Rules``; ``rules_of(names)`` composes
them in one fixed order. ``Rules.never_empty`` and ``Rules.velocity`` are held by the control plane, not by the enactor: a live front holds
the rule of ``chaoskit.race.control_plane.refusal``.
"""
