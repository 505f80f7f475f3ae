// What holds for every command and has no declaration of its own: exit codes, signals, environment.

import { EXIT } from '../diag/problem.js'

const MEANING: { readonly [word in keyof typeof EXIT]: string } = {
  done: 'done',
  failed: 'some records were rejected, or a check said no',
  usage: 'wrong usage or configuration; nothing was read, and a restart will not help',
  temporary: 'a temporary failure; the same command may succeed later',
  readerGone: 'the reader of stdout went away; nothing is said about it',
}

/** Code and meaning, in the order of the codes. */
export const EXIT_STATUS: readonly (readonly [number, string])[] = (Object.keys(EXIT) as (keyof typeof EXIT)[]).map(
  (word) => [EXIT[word], MEANING[word]] as const,
)

export const SIGNALS: readonly (readonly [string, string])[] = [
  [
    'SIGTERM, SIGINT',
    'sources stop, what is in flight drains, and the exit code is 0; a second one ends the process at once',
  ],
  ['SIGHUP', '`solder run`: reads the pipeline files again'],
  ['SIGUSR1', 'with `--ledger`, writes the account to stderr'],
]

export const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['NO_COLOR', 'if set, nothing is coloured'],
  ['SOLDER_DEBUG', 'if set, errors come with a stack trace'],
  ['PATH', 'where the programs of a pipeline file are looked for'],
  ['NOTIFY_SOCKET', '`solder run`: set by systemd, which is told when the pipeline runs, reloads and stops (sd_notify(3))'],
  ['LISTEN_FDS', '`solder run`: set by systemd, with LISTEN_PID, to hand over sockets that listen (sd_listen_fds(3))'],
  ['LISTEN_PID', 'the process that LISTEN_FDS is for'],
]
