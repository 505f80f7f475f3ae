// What stdout is: a terminal with its width and colours, or something else.

export interface Terminal {
  /** Whether to colour, where nobody said. NO_COLOR (no-color.org) switches it off. */
  color: boolean
  /** Columns; undefined where it is no terminal. */
  width: number | undefined
  /** Lines; undefined where it is no terminal. */
  height: number | undefined
}

export function terminal(): Terminal {
  const { isTTY, columns, rows } = process.stdout
  const { NO_COLOR, TERM } = process.env
  return {
    color: isTTY === true && (NO_COLOR ?? '') === '' && TERM !== 'dumb',
    width: isTTY === true ? columns : undefined,
    height: isTTY === true ? rows : undefined,
  }
}
