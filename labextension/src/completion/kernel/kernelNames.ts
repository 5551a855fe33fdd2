import { IKernelName } from '../../protocol';

/** Maximum number of names that a kernel is asked for. */
export const MAX_MENTIONED = 100;

/** Maximum number of characters of cells that are searched for names. */
export const MAX_SEARCHED = 24_000;

/** Maximum number of names of a request. */
const MAX_NAMES = 40;

/** Maximum number of characters of the names of a request. */
const MAX_CHARACTERS = 6_000;

/** Maximum number of characters of one name's columns, keys and so on. */
const MAX_PARTS = 1_000;

/** Maximum number of members that the line asks for. */
const MAX_MEMBERS = 40;

const MAX_IDENTIFIER = 80;

/** A name that stands for itself: not an attribute, and not a part of a number. */
const IDENTIFIER = /(?<![\p{L}\p{N}_.])[\p{L}_][\p{L}\p{N}_]*/gu;

/** A dotted name and what was typed of its member, at the end of a line. */
const MEMBER =
  /(?<![\p{L}\p{N}_.)\]])((?:[\p{L}_][\p{L}\p{N}_]*\.)+)([\p{L}\p{N}_]*)$/u;

/**
 * The names that a cell and its neighbours mention, the nearest first.
 *
 * `jupyter_safecoder/context/kernel/names.py` has the same rules.
 *
 * @param sources - The sources of the cells, see `nearestFirst`.
 */
export function mentionedNames(sources: Iterable<string>): string[] {
  const names = new Set<string>();
  let room = MAX_SEARCHED;
  for (const source of sources) {
    for (const [name] of source.slice(0, room).matchAll(IDENTIFIER)) {
      if (name.length <= MAX_IDENTIFIER) {
        names.add(name);
      }
    }
    room -= source.length;
    if (room <= 0 || names.size >= MAX_MENTIONED) {
      break;
    }
  }
  return [...names].slice(0, MAX_MENTIONED);
}

/**
 * The items of a list from one of them outwards, the one above before the one
 * below.
 *
 * @param items - The items.
 * @param index - The index of the first.
 */
export function* nearestFirst<T>(
  items: ReadonlyArray<T>,
  index: number
): Generator<T> {
  yield items[index];
  for (let distance = 1; distance < items.length; distance++) {
    if (index - distance >= 0) {
      yield items[index - distance];
    }
    if (index + distance < items.length) {
      yield items[index + distance];
    }
  }
}

/**
 * The names of a kernel that a request carries, the most useful first.
 *
 * @param names - What the kernel knows.
 * @param mentioned - What `mentionedNames` returns.
 *
 * #### Notes
 * Only names that the cells mention are chosen, in that order, as far as they
 * fit. Modules come last: their names are in the cells, and only their members
 * are news.
 */
export function chooseNames(
  names: Iterable<IKernelName>,
  mentioned: ReadonlyArray<string>
): IKernelName[] {
  const ranks = new Map(mentioned.map((name, rank) => [name, rank]));
  const rankOf = ({ name, type }: IKernelName): number =>
    ranks.get(name)! + (type === 'module' ? MAX_MENTIONED : 0);
  const known = [...names]
    .filter(({ name }) => ranks.has(name))
    .sort((first, second) => rankOf(first) - rankOf(second));
  const chosen: IKernelName[] = [];
  let room = MAX_CHARACTERS;
  for (const name of known.map(shortened)) {
    const size = sizeOf(name);
    if (chosen.length < MAX_NAMES && size <= room) {
      room -= size;
      chosen.push(name);
    }
  }
  return chosen;
}

/** The members that a line asks for. */
export interface IMemberQuery {
  /** The module or class, possibly dotted. */
  path: string;

  /** What was typed of the member. */
  start: string;
}

/**
 * The members that a line asks for, as in `np.lin`.
 *
 * @param prefix - The text before the cursor.
 */
export function memberQuery(prefix: string): IMemberQuery | null {
  const match = MEMBER.exec(prefix.slice(-2 * MAX_IDENTIFIER));
  return match && { path: match[1].slice(0, -1), start: match[2] };
}

/**
 * Add the members that begin with what was typed.
 *
 * @param names - The chosen names.
 * @param query - What the line asks for.
 * @param members - All members of the module or class.
 */
export function withMembers(
  names: IKernelName[],
  query: IMemberQuery,
  members: ReadonlyArray<string>
): IKernelName[] {
  const found = members
    .filter(name => name.startsWith(query.start))
    .slice(0, MAX_MEMBERS);
  if (found.length === 0) {
    return names;
  }
  const known = names.find(({ name }) => name === query.path);
  const rest = names.filter(name => name !== known);
  const asked = known ?? { name: query.path, type: 'module' };
  return [{ ...asked, members: found }, ...rest];
}

/** The number of characters of a name that count towards the budget. */
function sizeOf(name: IKernelName): number {
  let size = name.name.length + name.type.length;
  size += (name.signature ?? '').length + (name.doc ?? '').length;
  for (const column of name.columns ?? []) {
    size += sizeOfColumn(column);
  }
  for (const field of ['keys', 'fields', 'members'] as const) {
    for (const part of name[field] ?? []) {
      size += part.length + 2;
    }
  }
  return size;
}

function sizeOfColumn(column: { name: string; dtype: string }): number {
  return column.name.length + column.dtype.length + 3;
}

/** A name with as many of its columns and so on as there is room for. */
function shortened(name: IKernelName): IKernelName {
  let room = MAX_PARTS;
  const fitting = <T>(parts: T[] | undefined, size: (part: T) => number): T[] =>
    (parts ?? []).filter(part => (room -= size(part)) >= 0);
  const size = (part: string): number => part.length + 2;
  const parts = {
    columns: fitting(name.columns, sizeOfColumn),
    keys: fitting(name.keys, size),
    fields: fitting(name.fields, size),
    members: fitting(name.members, size)
  };
  const short: IKernelName = { ...name };
  for (const field of ['columns', 'keys', 'fields', 'members'] as const) {
    if (parts[field].length > 0) {
      Object.assign(short, { [field]: parts[field] });
    } else {
      delete short[field];
    }
  }
  return short;
}
