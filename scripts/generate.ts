// Writes man pages, completions and the reference, and removes those of commands that are gone (`npm run generate`).

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { catalogue } from '../commands/index.js'
import { GENERATED_FOLDERS, generatedFiles } from '../lib/cli/generate.js'
import { loadComponent } from '../lib/component.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(root + path, 'utf8')

const components = await Promise.all(catalogue.map(loadComponent))
const pages = readdirSync(`${root}docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const files = generatedFiles(components, {
  changelog: read('CHANGELOG.md'),
  pages: new Map(pages.map((path) => [path, read(path)])),
})
for (const [path, text] of files) {
  mkdirSync(dirname(root + path), { recursive: true })
  writeFileSync(root + path, text)
}
for (const folder of GENERATED_FOLDERS) {
  for (const name of readdirSync(root + folder)) if (!files.has(`${folder}/${name}`)) rmSync(`${root}${folder}/${name}`)
}
