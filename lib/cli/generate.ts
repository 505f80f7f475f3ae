// Every file that is made from the declarations, as paths and texts; the caller reads and writes them.

import type { Component } from '../component.js'
import { COMPLETION_FILES, completionOf, SHELLS } from './completion.js'
import { componentPage, essayPage, overviewPage, pageName, type Release } from './man.js'
import { componentReference, fileOf, indexPage, withFacts } from './reference.js'

/** What is written by hand and asked for facts. */
export interface Sources {
  changelog: string
  /** The pages of docs/, by their paths. */
  pages: ReadonlyMap<string, string>
}

/** Folders in which everything is generated; what is there and not made anew is stale. */
export const GENERATED_FOLDERS = ['man/man1', 'man/man7', 'completions', 'docs/reference'] as const

/** Paths, from the root of the project, to texts. The same declarations give the same texts at any time. */
export function generatedFiles(components: readonly Component[], { changelog, pages }: Sources): Map<string, string> {
  const release = releaseOf(changelog)
  const files = new Map([...pages].map(([path, text]) => [path, withFacts(text)]))
  files.set('man/man7/solder-records.7', essayPage(files.get('docs/records.md')!, release))
  files.set('man/man1/solder.1', overviewPage(components, release))
  files.set('docs/reference/README.md', indexPage(components))
  for (const component of components) {
    files.set(`man/man1/${pageName(component)}.1`, componentPage(component, release))
    files.set(`docs/reference/${fileOf(component)}`, componentReference(component))
  }
  for (const shell of SHELLS) files.set(`completions/${COMPLETION_FILES[shell]}`, completionOf(shell, components))
  return files
}

/** The newest release of the change log, whose headings are `## 0.1.0, 2025-11-22`. */
function releaseOf(changelog: string): Release {
  const [, version, date] = /^## (\S+), (\d{4}-\d\d-\d\d)$/m.exec(changelog)!
  return { version, date }
}
