// A running source that is a server: where it listens, and what came out when it is stopped.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { environment, ROOT } from './solder.js'

export interface Receiving {
  url: string
  /** Asks it to stop; stdout and stderr as a whole. */
  end(): Promise<{ code: number | null; lines: string[]; stderr: string }>
}

/** Runs `solder WORDS… --listen 127.0.0.1:0` until the test ends. */
export async function receiving(t: Test, ...words: string[]): Promise<Receiving> {
  const args = [`${ROOT}/bin/solder.js`, ...words, '--listen', '127.0.0.1:0']
  const child = spawn(process.execPath, args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      const found = /listening on (\S+)/.exec(stderr)
      if (found !== null) resolve(found[1])
    })
    child.on('close', () => reject(new Error(stderr)))
  })
  return {
    url,
    end: async () => {
      child.kill('SIGTERM')
      const [code] = (await closed) as [number | null]
      return { code, lines: stdout.split('\n').slice(0, -1), stderr }
    },
  }
}
