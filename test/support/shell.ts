// Shell commands taken apart, as far as examples use the language: quotes, pipes, lists, redirections.

/** A comment, a quoted string, an escaped character, a redirection, an operator, blanks, or text. */
const TOKEN = new RegExp(
  [
    /(?:^|(?<=\s))#[^\n]*/,
    /'([^']*)'/,
    /"((?:\\[\s\S]|[^"\\])*)"/,
    /\\([\s\S])/,
    /(\d*(?:>>|>&|>|<))/,
    /(&&|\|\||[|;&\n()])/,
    /([ \t]+)/,
    /([^\s'"\\|;&<>()]+)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

/** The simple commands of a script, each as its words, redirections left out. */
export function simpleCommands(script: string): string[][] {
  const commands: string[][] = [[]]
  let word: string | null = null
  let redirected = false
  const endWord = () => {
    if (word !== null && !redirected) commands[commands.length - 1].push(word)
    if (word !== null) redirected = false
    word = null
  }
  for (const [, single, double, escaped, redirection, operator, blank, text] of script.matchAll(TOKEN)) {
    if (single !== undefined) word = (word ?? '') + single
    else if (double !== undefined) word = (word ?? '') + double.replace(/\\([\\"$`])/g, '$1')
    else if (escaped !== undefined) word = escaped === '\n' ? word : (word ?? '') + escaped
    else if (text !== undefined) word = (word ?? '') + text
    else {
      endWord()
      if (redirection !== undefined) redirected = true
      if (operator !== undefined) commands.push([])
      if (blank === undefined && redirection === undefined) redirected = false
    }
  }
  endWord()
  return commands.filter((words) => words.length > 0)
}

/** The words after `solder` of every command of a script that runs it. */
export function solderCommands(script: string): string[][] {
  return simpleCommands(script)
    .map((words) => words.slice(words.findIndex((word) => !/^\w+=/.test(word))))
    .filter((words) => words[0] === 'solder')
    .map((words) => words.slice(1))
}
