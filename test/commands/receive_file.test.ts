// `solder receive file` as a process of a user who may not read everything: what is told, and what goes on.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { environment, ROOT } from '../support/solder.js'
import { type Ending, temporary } from '../support/temporary.js'

t.setTimeout(60_000)

const NOBODY = 65_534
const root = process.getuid?.() === 0
const user = root ? { uid: NOBODY, gid: NOBODY } : {}
/** Where nobody may read the program there is nobody to run it. */
const skip = spawnSync(process.execPath, ['--check', `${ROOT}/bin/solder.js`], user).status !== 0 && 'nobody may run solder'

/** A run whose output is waited for; of root, as nobody. */
class Run {
  stdout = ''
  stderr = ''
  readonly code: Promise<number | null>
  #wake: () => void = () => {}

  constructor(t: Test, cwd: string, words: readonly string[]) {
    const child = spawn(process.execPath, [`${ROOT}/bin/solder.js`, ...words], { cwd, env: environment(), ...user })
    t.teardown(() => child.kill('SIGKILL'))
    const say = (text: Buffer, name: 'stdout' | 'stderr') => {
      this[name] += String(text)
      this.#wake()
    }
    child.stdout.on('data', (text: Buffer) => say(text, 'stdout'))
    child.stderr.on('data', (text: Buffer) => say(text, 'stderr'))
    this.code = once(child, 'close').then(([code]) => code as number | null)
  }

  async until(there: () => boolean): Promise<void> {
    while (!there()) {
      const over = this.code.then((code) => Promise.reject(new Error(`ended with ${code}: ${this.stderr}`)))
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), over])
    }
  }

  get bodies(): unknown[] {
    return this.stdout.split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { body?: unknown }).body)
  }
}

/** One that others may look into. */
function openFolder(t: Ending): string {
  const folder = temporary(t)
  chmodSync(folder, 0o755)
  return folder
}

t.test('files and folders that may not be read are told once, and the rest goes on', { skip }, async (t) => {
  const folder = openFolder(t)
  mkdirSync(`${folder}/closed`, { mode: 0o000 })
  writeFileSync(`${folder}/secret.log`, 'secret\n')
  chmodSync(`${folder}/secret.log`, 0o000)
  writeFileSync(`${folder}/open.log`, 'open\n')
  writeFileSync(`${folder}/core.log`, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 10]))
  const run = new Run(t as Test, folder, ['receive', 'file', '**/*.log', '--every', '10ms', '--scan-every', '10ms'])
  const all = [
    /closed: cannot look into the folder: permission denied/,
    /secret\.log: cannot read: permission denied; trying again/,
    /core\.log: binary, expected text; --encoding says which, if it is: not read/,
  ]
  await run.until(() => all.every((said) => said.test(run.stderr)) && run.bodies.length === 1)
  appendFileSync(`${folder}/open.log`, 'still open\n')
  await run.until(() => run.bodies.length === 2)
  t.same(run.bodies, ['open', 'still open'])
  for (const said of all) t.equal(run.stderr.match(new RegExp(said, 'g'))?.length, 1, `once: ${said}`)
})

t.test('a folder of positions that may not be written, and one that is a file', { skip }, async (t) => {
  const folder = openFolder(t)
  writeFileSync(`${folder}/open.log`, 'open\n')
  mkdirSync(`${folder}/state`, { mode: 0o555 })
  writeFileSync(`${folder}/file`, '')
  const read = ['receive', 'file', 'open.log', '--once', '--state']
  const denied = new Run(t as Test, folder, [...read, 'state'])
  t.equal(await denied.code, 75)
  t.match(denied.stderr, /--state: cannot make state\/receive\.file\/files: EACCES/)
  const file = new Run(t as Test, folder, [...read, 'file'])
  t.equal(await file.code, 75)
  t.match(file.stderr, /--state: cannot make file\/receive\.file\/files: ENOTDIR/)
  const sink = new Run(t as Test, folder, ['write', 'file', '/dev/null', '--state', 'state'])
  t.not(await sink.code, 0)
  t.match(sink.stderr, /--state: .*EACCES/)
  t.same([denied.stdout, file.stdout], ['', ''], 'nothing is read without positions')
  chmodSync(`${folder}/state`, 0o755)
  if (root) chownSync(`${folder}/state`, NOBODY, NOBODY)
  const fine = new Run(t as Test, folder, [...read, 'state'])
  t.equal(await fine.code, 0, fine.stderr)
  t.equal(fine.bodies[0], 'open')
})
