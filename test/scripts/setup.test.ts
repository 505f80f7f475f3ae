// What `npm start` and `npm test` do first, and what `npm start` shows.

import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { environment, ROOT, sh } from '../support/solder.js'
import { gone, until } from '../support/supervised.js'
import { CTRL_C, noTerminal, Terminal } from '../support/terminal.js'

const skip = existsSync('/proc/stat') ? false : 'no /proc'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

/** Stands for npm: installs a compiler that does nothing, and says so. */
const NPM = `import { mkdirSync, writeFileSync } from 'node:fs'
mkdirSync('node_modules/typescript-native/bin', { recursive: true })
writeFileSync('node_modules/.package-lock.json', '{}')
writeFileSync('node_modules/typescript-native/bin/tsc', 'process.exitCode = process.env.BROKEN ? 2 : 0')
console.log('npm', ...process.argv.slice(2))
process.exitCode = process.env.OFFLINE ? 1 : 0
`

t.test('set-up', (t) => {
  const root = t.testdir({ scripts: {}, 'npm.mjs': '', 'npm.js': NPM, 'package-lock.json': '{}' })
  copyFileSync(join(ROOT, 'scripts/setup.mjs'), join(root, 'scripts/setup.mjs'))
  const manifest = (node: string) =>
    writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', engines: { node } }))
  const setup = (env: { [name: string]: string } = {}) => {
    const ran = spawnSync(process.execPath, ['scripts/setup.mjs'], {
      cwd: root,
      env: environment({ npm_execpath: join(root, 'npm.js'), ...env }),
      encoding: 'utf8',
    })
    return { code: ran.status, installed: ran.stdout.includes('npm ci'), stderr: ran.stderr }
  }

  manifest('>=99.1')
  const tooOld = `solder needs Node 99.1 or later; this is Node ${process.versions.node}`
  t.match(setup(), { code: 1, installed: false, stderr: tooOld })
  manifest('>=20.19')
  t.match(setup({ OFFLINE: '1' }), { code: 1, installed: true, stderr: 'is the npm registry within reach?' })
  rmSync(join(root, 'node_modules'), { recursive: true })
  t.match(setup(), { code: 0, installed: true, stderr: 'Installing packages' })
  t.strictSame(setup(), { code: 0, installed: false, stderr: 'Building …\n' }, 'once')
  mkdirSync(join(root, 'dist'))
  t.strictSame(setup(), { code: 0, installed: false, stderr: '' }, 'quiet when nothing is to do')
  utimesSync(join(root, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000))
  t.match(setup(), { installed: false }, 'touched is not changed')
  writeFileSync(join(root, 'package-lock.json'), '{"new":1}')
  t.match(setup(), { code: 0, installed: true })
  t.match(setup({ BROKEN: '1' }), { code: 1, stderr: 'The build failed' })
  // A tree that was installed by hand.
  rmSync(join(root, 'node_modules/.solder-setup'))
  t.match(setup(), { installed: false })
  utimesSync(join(root, 'package-lock.json'), new Date(), new Date(Date.now() + 60_000))
  t.match(setup(), { installed: true })
  t.end()
})

/** `npm start`, as a shell that stands between passes signals on. */
function npmStart(t: Test, ...words: string[]) {
  const child = spawn(process.execPath, ['scripts/demo.mjs', ...words], {
    cwd: ROOT,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGTERM'))
  const told = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => (told[name] += chunk.toString()))
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const runs = async () => {
    await until(async () => told.stdout.includes('Look into it') || undefined, `the pipeline: ${JSON.stringify(told)}`)
    const [, folder] = /metrics go to (\S+)\/host\.ndjson/.exec(told.stdout)!
    const [, url] = /(http:\S+)\/-\/reload/.exec(told.stdout)!
    return { folder, url }
  }
  return { child, told, ended, runs }
}

/** What makes commands end that go on. */
const ENDS: { readonly [verb: string]: string } = { top: ' --once', tap: ' --count 1 ' }

t.test('npm start keeps the quickstart running, tells how to look into it, ends with Ctrl-C', { skip }, async (t) => {
  const one = npmStart(t as Test, '600')
  const { folder, url } = await one.runs()
  t.match(one.told.stdout, / solder run examples\/quickstart\.yaml/)
  // Its commands, as they are shown; a tap that has seen enough.
  const matches = one.told.stdout.matchAll(/^ {2}solder (top|tap|ledger)([^|\n]*)(.*)$/gm)
  const shown = [...matches].map(([, ...words]) => words)
  t.same(shown.map(([verb, , rest]) => verb + rest), ['top', 'tap| solder view', 'ledger'])
  for (const [verb, words, rest] of shown) {
    const { code, stdout, stderr } = await sh(`solder ${verb}${words}${ENDS[verb] ?? ''}${rest}`)
    t.same([code, stderr], [0, ''], verb)
    t.match(stdout, verb === 'tap' ? /node_load1/ : /^host\b/m)
  }
  const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '')
  const own = () => text(join(ROOT, folder, 'supervisor.ndjson'))
  await until(async () => own().includes('"name":"solder_stage_out_records_total"') || undefined, 'its own')
  t.match(text(join(ROOT, folder, 'host.ndjson')), /"name":"node_load1"/)

  await t.test('a second one takes another port and other files', async (t) => {
    const two = npmStart(t as Test, '1')
    const other = await two.runs()
    t.not(other.url, url)
    t.not(other.folder, folder)
    t.match(two.told.stdout, /^Port 12345 is in use, perhaps by another npm start\./)
    t.equal(await two.ended, 0, 'it ends by itself')
    t.match(two.told.stdout, /It has ended, and left\n\n  \S+host\.ndjson: \d+ records\n/)
    rmSync(join(ROOT, other.folder), { recursive: true })
  })

  // The terminal sends one and npm another.
  one.child.kill('SIGINT')
  one.child.kill('SIGINT')
  t.equal(await one.ended, 0)
  t.match(one.told.stderr, 'what is in flight drains')
  t.match(one.told.stdout, 'It has ended')
  t.match(text(join(ROOT, folder, 'host.ndjson')), /\n$/)
  await t.rejects(fetch(url), 'nothing is left')
})

t.test('a kill of npm start takes the pipeline along', { skip }, async (t) => {
  const { child, told, ended, runs } = npmStart(t as Test, '600')
  const { url, folder } = await runs()
  const { pipes } = (await (await fetch(`${url}/api/v1/pipes`)).json()) as { pipes: { pid: number }[] }
  child.kill('SIGKILL')
  await ended
  await gone(pipes.map(({ pid }) => pid))
  await t.rejects(fetch(url), 'nothing is left')
  t.match(told.stderr, 'what is in flight drains')
  if (folder !== 'demo') rmSync(join(ROOT, folder), { recursive: true })
})

t.test('on a terminal it goes on until Ctrl-C, which ends it once', { skip: skip || noTerminal() }, async (t) => {
  const screen = new Terminal(t as Test, 'npm start --ignore-scripts')
  const [, url] = await screen.says(/-X POST (http:\S+)\/-\/reload\n\nCtrl-C ends it\./)
  screen.type(CTRL_C)
  // Some versions of npm end as the signal would have ended them.
  t.ok([0, 130].includes((await screen.ended)!))
  t.match(screen.text, /stopping: sources stop, what is in flight drains;.*\n[^]*It has ended, and left/)
  // What npm says of itself may be longer.
  const own = screen.text.slice(screen.text.indexOf('solder run'))
  const long = own.split('\n').filter((line) => line.length > 80 && !line.includes('--url'))
  t.same(long, [], 'no line is too long for it')
  await t.rejects(fetch(url), 'nothing is left')
})
