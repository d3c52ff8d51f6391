/** What stands behind the question mark, by name: /compare?experiments=a&experiments=b. */
export type Address = Record<string, string | string[] | undefined>;

export function readAddress(search: string): Address {
  const given = new URLSearchParams(search);
  return Object.fromEntries([...given.keys()].map((name) => [name, given.getAll(name)]));
}

export function writeAddress(address: Address): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(address))
    for (const one of all(value) ?? []) search.append(name, one);
  const text = search.toString();
  return text && `?${text}`;
}

export const all = (value: Address[string]) => (typeof value === "string" ? [value] : value);

export const first = (value: Address[string]) => all(value)?.[0];
