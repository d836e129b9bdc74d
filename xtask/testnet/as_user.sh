#!/bin/sh
# Runs a command on a host of a test network as a system user:
#
#   as_user.sh NAMESPACE UID COMMAND…
#
# The user is a bare number. It needs no entry in /etc/passwd, so nothing is left behind on the machine, and its rights
# are those of any user without a group: files of mode 700 of another number are closed to it.
# nsenter rather than `ip netns exec`: that mounts /sys anew, without the control groups that workers may be given.
# Every step replaces the one before, so the process that the caller started is the command.
set -eu
namespace=$1 uid=$2
shift 2
exec nsenter "--net=/run/netns/$namespace" -- \
  setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all -- \
  env -u USER -u LOGNAME -u MAIL -u XDG_RUNTIME_DIR HOME="${TESTNET_HOME:-/nonexistent}" "$@"
