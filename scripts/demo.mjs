// `npm start`: keeps examples/quickstart.yaml running, and tells how to look into it. Until Ctrl-C on a terminal, else
// for some seconds; `npm start -- 30` says how many.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const PIPELINE = 'examples/quickstart.yaml'
const HOST = '127.0.0.1'
/** That of the admin server, where nobody says otherwise. */
const USUAL_PORT = 12345
const POLL_MS = 100
/** Signals that come closer together than this are one: npm passes on what the terminal has sent already. */
const SAME_MS = 1000

const onTerminal = process.stdout.isTTY === true
const asked = Number(process.argv[2])
const seconds = asked > 0 ? asked : onTerminal ? Infinity : 10
const bold = (text) => (onTerminal && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text)

process.chdir(root)
/** As it can be typed in this folder. */
const solder = onPath('solder') ? 'solder' : 'bin/solder.js'
const port = await choosePort()
const usual = port === USUAL_PORT
const address = `${HOST}:${port}`
const folder = usual ? 'demo' : `demo/${port}`
const where = usual ? '' : ` --url http://${address}`

if (!usual) {
  console.log(`Port ${USUAL_PORT} is in use, perhaps by another npm start.
This one takes port ${port} and the folder ${folder}.`)
}
const command = usual
  ? `solder run ${PIPELINE}`
  : `ADMIN=${address} FOLDER=${folder} solder run ${PIPELINE} --http ${address}`
console.log(`\n  ${bold(command)}\n`)
if (!existsSync('/proc/stat')) {
  console.log('This machine has no /proc, so there will be little to see of it:\nscrape host reads Linux.\n')
}

const run = start()
if (await ready()) {
  suggest()
  if (seconds !== Infinity) setTimeout(run.stop, seconds * 1000).unref()
}
process.exitCode = await run.ended
if (process.exitCode === 0) tell()

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => dir !== '' && existsSync(join(dir, program)))
}

/** The usual port, or a free one where that is taken. */
async function choosePort() {
  return (await listen(USUAL_PORT)) ?? (await listen(0))
}

/** The port, if it can be listened on. */
function listen(wanted) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen(wanted, HOST, () => {
      const { port: found } = server.address()
      server.close(() => resolve(found))
    })
  })
}

function start() {
  // A group of its own: a Ctrl-C reaches it once, by `stop`. A second one would end it without draining.
  const child = spawn(process.execPath, ['bin/solder.js', 'run', PIPELINE, '--http', address], {
    detached: true,
    env: { ...process.env, ADMIN: address, FOLDER: folder },
    // The channel is there to end with this process: the pipeline goes with it, even where it is killed.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let last = -Infinity
  const stop = () => {
    if (performance.now() - last > SAME_MS) child.kill('SIGTERM')
    last = performance.now()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const state = { over: false, stop }
  state.ended = new Promise((resolve) => {
    child.once('error', (error) => (console.error(error.message), resolve(1)))
    child.once('exit', (code) => resolve(code ?? 1))
  }).finally(() => (state.over = true))
  return state
}

/** Whether every pipe runs; not if it ended before. */
async function ready() {
  while (!run.over) {
    const ok = await fetch(`http://${address}/-/ready`).then((answer) => answer.ok, () => false)
    if (ok) return true
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  return false
}

function suggest() {
  console.log(`
This machine's metrics go to ${folder}/host.ndjson,
the pipeline's own to ${folder}/supervisor.ndjson.

Look into it from another terminal, in this folder:

  ${bold(`${solder} top${where}`)}
  ${bold(`${solder} tap host --where 'name == "node_load1"'${where} | ${solder} view`)}
  ${bold(`${solder} ledger${where}`)}

Change ${PIPELINE}, and have it taken up:

  ${bold(`curl -X POST http://${address}/-/reload`)}

${seconds === Infinity ? 'Ctrl-C ends it.' : `It ends by itself after ${seconds} seconds.`}
`)
}

function tell() {
  const lines = (name) => {
    const path = `${folder}/${name}.ndjson`
    const count = existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0
    return `  ${path}: ${count} records`
  }
  console.log(`
It has ended, and left

${lines('host')}
${lines('supervisor')}

What next:

  ${solder} view < ${folder}/host.ndjson
  ${solder} explain ${PIPELINE}
  ${solder} new 'scrape host | write file host.ndjson' > solder.yaml
  ${solder} --help
${solder === 'solder' ? '' : "\n'npm link' puts solder on your PATH.\n"}`)
}
