// A command on a terminal of its own: a real one, by script(1), with keys that are typed and a screen that is read.

import { spawn, spawnSync } from 'node:child_process'
import type { Test } from 'tap'
import { environment, ROOT } from './solder.js'
import { until } from './supervised.js'

/** Why there is none to be had here; false if there is. */
export function noTerminal(): string | false {
  const tried = spawnSync('script', ['-qfec', 'test -t 0 && test -t 2', '/dev/null'], { input: '' })
  return tried.status === 0 ? false : 'no terminal can be had: it takes script(1) of util-linux'
}

export const CTRL_C = '\x03'

/** Sequences that move the cursor or choose colours (ECMA-48). */
const CONTROL = /\x1b\[[\d;?]*[A-Za-z]/g

export class Terminal {
  /** Everything that it has shown, with its control sequences. */
  shown = ''
  readonly ended: Promise<number | null>
  /** Takes it away, as who closes its window does. */
  readonly close: () => void
  readonly #type: (keys: string) => void

  /** Starts the command, for sh, on a terminal of 80 columns and 24 lines. */
  constructor(t: Test, command: string, { cwd = ROOT }: { cwd?: string } = {}) {
    const words = ['-qfec', `stty cols 80 rows 24 && exec ${command}`, '/dev/null']
    const child = spawn('script', words, { cwd, env: environment({ TERM: 'xterm' }), stdio: 'pipe' })
    child.stdout.on('data', (chunk: Buffer) => (this.shown += chunk.toString()))
    child.stdin.on('error', () => {})
    this.#type = (keys) => void child.stdin.write(keys)
    this.close = () => void child.kill('SIGKILL')
    this.ended = new Promise((resolve) => child.on('close', resolve))
    t.teardown(() => {
      this.close()
      return this.ended
    })
  }

  /** What it has shown, as plain lines. */
  get text(): string {
    return this.shown.replaceAll('\r', '').replace(CONTROL, '')
  }

  type(keys: string): void {
    this.#type(keys)
  }

  /** Waits for what is shown from a position in `text` on; the match. */
  says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    const what = `${pattern} on the terminal: ${this.text}`
    return until(async () => pattern.exec(this.text.slice(from)) ?? undefined, what)
  }
}
