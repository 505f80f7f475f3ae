// A program tied to the life of the process that starts it: when that one dies, even by kill -9, the kernel ends it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** util-linux's way to PR_SET_PDEATHSIG (prctl(2)), which Node cannot ask for. */
const SETPRIV = ['setpriv', '--pdeathsig', 'KILL', '--']

let able: Promise<boolean> | null = null

/** The words that start `words` so; the words themselves where the machine has no setpriv that can. */
export async function tied(words: readonly string[]): Promise<readonly string[]> {
  able ??= works()
  return (await able) ? [...SETPRIV, ...words] : words
}

async function works(): Promise<boolean> {
  const [command, ...rest] = [...SETPRIV, 'true']
  const child = spawn(command, rest, { stdio: 'ignore' })
  return once(child, 'exit').then(
    ([code]) => code === 0,
    () => false,
  )
}
