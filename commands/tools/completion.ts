// completion: the completion script of a shell.

import { loadComponent, tool } from '../../lib/component.js'
import { completionOf, type Shell, SHELLS } from '../../lib/cli/completion.js'
import { didYouMean, Problem } from '../../lib/diag/problem.js'

export default tool({
  name: 'completion',
  summary: 'print the completion script of a shell',
  description: `
    Prints a script that completes commands, options, their values and files. It is static: no process is started while
    you type. The same scripts are in the folder 'completions' of the package.`,
  since: '0.1.0',
  args: [{ name: 'SHELL', help: 'the shell that reads the script', required: true, values: SHELLS }],
  options: {},
  examples: [
    {
      command: 'eval "$(solder completion bash)"',
      about: 'complete in this shell; the line may stand in ~/.bashrc',
      needs: 'bash',
    },
    {
      command: 'solder completion zsh > ~/.zfunc/_solder',
      about: 'install for zsh, where ~/.zfunc is in $fpath',
      needs: 'a folder in $fpath',
    },
    {
      command: 'solder completion fish > ~/.config/fish/completions/solder.fish',
      about: 'install for fish',
      needs: 'fish',
    },
  ],
  async run(input, context, catalogue) {
    const [shell] = input.args
    if (!isShell(shell)) {
      throw new Problem(`unknown shell '${shell}'`, { expected: SHELLS.join(', '), hint: didYouMean(shell, SHELLS) })
    }
    await context.print(completionOf(shell, await Promise.all(catalogue.map(loadComponent))))
    return 0
  },
})

function isShell(word: string): word is Shell {
  return (SHELLS as readonly string[]).includes(word)
}
