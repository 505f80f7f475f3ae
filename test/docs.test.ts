// The commands in the documentation: every `solder` line is valid, and what is marked is run, with the output shown.
//
// Marks are comments right before a fence:
// <!-- run -->                   a block of `sh`, run in the folder of the page; it exits 0, and the next fence, if it
//                                  follows at once, is its output
//   <!-- run with PROGRAM, … -->   the same where these programs are installed
// <!-- needs: PROGRAM, … -->     run with these peers, in place of those at ports 9090 and 9100, often instead of at
// the
//                                  intervals shown, until Prometheus has samples; it then drains
//   <!-- needs: anything else -->  only read
//   <!-- file: PATH … -->          a file of the folder, its text in the comment

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import t, { type Test } from 'tap'
import { catalogue } from '../commands/index.js'
import { findEntry, parseInput } from '../lib/cli/command.js'
import { loadComponent } from '../lib/component.js'
import { solderCommands } from './support/shell.js'
import { environment, ROOT, sh } from './support/solder.js'
import { temporary } from './support/temporary.js'

// Many processes, on a machine that may have other work.
t.setTimeout(300_000)

interface Block {
  line: number
  code: string
  /** The comment before it, '' if there is none. */
  mark: string
  output: string | null
}

/** The blocks of shell in a page, and the files that it wants. */
function read(page: string): { blocks: Block[]; files: Map<string, string> } {
  const files = new Map<string, string>()
  for (const [, path, text] of page.matchAll(/<!-- file: (\S+)\n([\s\S]*?)-->/g)) files.set(path, text)
  const fence = /(?:<!-- ((?:run|needs)[^\n]*?) -->\n+)?```sh\n([\s\S]*?)```(?:\n\n```(?!sh)\w*\n([\s\S]*?)```)?/g
  const blocks = [...page.matchAll(fence)].map((match) => {
    const [, mark = '', code, output = null] = match
    return { line: page.slice(0, match.index).split('\n').length, code, mark, output }
  })
  return { blocks, files }
}

async function valid(t: Test, { code, line }: Block): Promise<void> {
  for (const words of solderCommands(code)) {
    const what = `line ${line}: solder ${words.join(' ')}`
    if (words.includes('--help') || words.includes('--version')) continue
    try {
      const { entry, rest } = findEntry(catalogue, words)
      parseInput(await loadComponent(entry), rest)
      t.pass(what)
    } catch (error) {
      t.fail(what, { found: String(error) })
    }
  }
}

interface Peer {
  /** Where the pages say it is. */
  port: number
  flags(port: number, folder: string): string[]
  /** Path that answers when it is up. */
  ready: string
}

const PEERS: { readonly [program: string]: Peer } = {
  prometheus: {
    port: 9090,
    flags: (port, folder) => [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/tsdb`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
    ],
    ready: '/-/ready',
  },
  'prometheus-node-exporter': { port: 9100, flags: (port) => [`--web.listen-address=127.0.0.1:${port}`], ready: '/' },
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks until the answer is the one that is waited for, or the process is gone. */
async function until(url: string, child: ChildProcess, wanted: (body: string) => boolean): Promise<boolean> {
  for (let turn = 0; turn < 300 && child.exitCode === null; turn++) {
    const body = await fetch(url).then((response) => (response.ok ? response.text() : null), () => null)
    if (body !== null && wanted(body)) return true
    await pause(100)
  }
  return false
}

/** Starts a peer; its address. */
async function start(t: Test, program: string, folder: string): Promise<string> {
  const { flags, ready } = PEERS[program]
  const port = await freePort()
  writeFileSync(`${folder}/prometheus.yml`, '')
  const child = spawn(program, flags(port, folder), { stdio: 'ignore', cwd: folder })
  t.teardown(() => void child.kill('SIGKILL'))
  if (!(await until(`http://127.0.0.1:${port}${ready}`, child, () => true))) throw new Error(`${program} does not start`)
  return `127.0.0.1:${port}`
}

async function withPeers(t: Test, block: Block, programs: readonly string[], folder: string): Promise<void> {
  const data = temporary(t)
  let code = block.code.replace(/--every \d+s/g, '--every 200ms')
  let prometheus = ''
  for (const program of programs) {
    const address = await start(t, program, data)
    if (program === 'prometheus') prometheus = address
    const shown = `127.0.0.1:${PEERS[program].port}`
    code = code.replaceAll(shown, address)
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!/\.(ya?ml|json)$/.test(name)) continue
      writeFileSync(`${folder}/${name}`, readFileSync(`${folder}/${name}`, 'utf8').replaceAll(shown, address))
    }
  }
  // Its own process group, as a shell gives a pipeline: the signal goes to all of it.
  const child = spawn('sh', ['-c', code], {
    cwd: folder,
    env: environment(),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const query = `http://${prometheus}/api/v1/query?query=${encodeURIComponent('count({__name__=~".+"})')}`
  const arrived = await until(query, child, (body) => body.includes('"value"'))
  t.ok(arrived, `line ${block.line}: samples are in Prometheus`, { said })
  if (child.exitCode === null) process.kill(-child.pid!, 'SIGTERM')
  await closed
}

const written = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith('.md'))
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...written.map((name) => `docs/${name}`)]
const installed = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** Whether these programs are installed; a missing one is counted as a skip, or fails where peers are demanded. */
function present(t: Test, what: string, programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !installed(program)).join(', ')
  if (missing === '') return true
  if (process.env.SOLDER_PEERS === '1') t.fail(`${what}: ${missing} is not installed`)
  else t.pass(what, { skip: `${missing} is not installed (npm run peers)` })
  return false
}

/** A shell in which a pipeline fails when one of its commands does. */
const STRICT = installed('bash') ? 'bash -e -o pipefail -c' : 'sh -e -c'

for (const path of pages.filter((path) => existsSync(`${ROOT}/${path}`))) {
  t.test(path, async (t) => {
    const test = t as Test
    const { blocks, files } = read(readFileSync(`${ROOT}/${path}`, 'utf8'))
    const folder = temporary(t)
    for (const [name, text] of files) {
      mkdirSync(dirname(`${folder}/${name}`), { recursive: true })
      writeFileSync(`${folder}/${name}`, text)
    }
    for (const block of blocks) {
      await valid(test, block)
      const at = `line ${block.line}`
      const programs = /^needs: (.*)/.exec(block.mark)?.[1].split(', ') ?? []
      if (programs.length > 0 && programs.every((program) => Object.hasOwn(PEERS, program))) {
        if (present(test, at, programs)) await withPeers(test, block, programs, folder)
      } else if (block.mark.startsWith('run')) {
        if (!present(test, at, /^run with (.*)/.exec(block.mark)?.[1].split(', ') ?? [])) continue
        const { code, stdout, stderr } = await sh(`exec ${STRICT} "$CODE"`, { cwd: folder, env: { CODE: block.code } })
        t.ok(code === 0 || code === 141, `${at} runs`, { code, stderr })
        if (block.output !== null) t.equal(stdout, block.output, `${at} prints what is shown`)
      }
    }
  })
}

t.test('links in the documentation lead somewhere', async (t) => {
  for (const path of pages.filter((path) => existsSync(`${ROOT}/${path}`))) {
    const text = readFileSync(`${ROOT}/${path}`, 'utf8')
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#\s]+)/g)) {
      t.ok(existsSync(`${ROOT}/${dirname(path)}/${target}`), `${path}: ${target}`)
    }
  }
})
