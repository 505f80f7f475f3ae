// Completions for bash, zsh and fish, from the declarations: static scripts, so that a key press starts no process.

import type { Component } from '../component.js'
import { bash } from './completion/bash.js'
import { fish } from './completion/fish.js'
import { zsh } from './completion/zsh.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** Where a script is kept in the package, under completions/. */
export const COMPLETION_FILES: { readonly [shell in Shell]: string } = {
  bash: 'solder.bash',
  zsh: '_solder',
  fish: 'solder.fish',
}

/** The completion script of a shell. */
export function completionOf(shell: Shell, components: readonly Component[]): string {
  return { bash, zsh, fish }[shell](components)
}
