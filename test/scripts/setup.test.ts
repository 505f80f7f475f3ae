// What `npm start` and `npm test` do first, and the demo.

import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { environment, ROOT, sh } from '../support/solder.js'

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

t.test('the demo runs, shows and keeps', { skip: existsSync('/proc/stat') ? false : 'no /proc' }, async (t) => {
  const ran = await sh('node scripts/demo.mjs 1')
  t.equal(ran.code, 0)
  t.equal(ran.stderr, '')
  t.match(ran.stdout, /solder scrape host --every 2s \\\n/)
  t.match(ran.stdout, /node_load1\{host="[^"]+"\} +[\d.]+\n/)
  t.match(ran.stdout, /What you saw: \d{2,} samples/)
  const [kept, seen] = ['host', 'seen'].map((name) => readFileSync(join(ROOT, `demo/${name}.ndjson`), 'utf8'))
  t.ok(kept.endsWith(seen) || seen.endsWith(kept), 'write file and tee kept the same')
})
