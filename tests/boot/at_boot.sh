#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the container when network-pre.target is reached: what is in force.
nft list ruleset
sockgate -q diff && echo "proven before network-pre.target"
sockgate status
echo "status exits with $?"
systemctl show -P ActiveState sockgate.service | sed 's/^/sockgate: /'
systemctl show -P Result sockgate-lockdown.service | sed 's/^/lockdown: /'
systemctl status --no-pager sockgate.service sockgate-lockdown.service
