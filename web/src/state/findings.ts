import type { Records } from "../api/client";

export type Finding = Records["Finding"];

const SEVERITIES: Finding["severity"][] = ["error", "warning", "information"];

/** Findings of one kind, in the order in which they were told. */
export interface FoundKind {
  kind: string;
  severity: Finding["severity"];
  findings: Finding[];
  /** What was decided, with how often. */
  decisions: string;
}

/** The findings of a report by kind, errors first. */
export function byKind(findings: readonly Finding[]): FoundKind[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${SEVERITIES.indexOf(finding.severity)} ${finding.kind}`;
    const group = groups.get(key);
    if (group) group.push(finding);
    else groups.set(key, [finding]);
  }
  return [...groups.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, found]) => {
      const [first] = found;
      if (!first) return [];
      const { kind, severity } = first;
      return [{ kind, severity, findings: found, decisions: decisionsOf(found) }];
    });
}

function decisionsOf(findings: Finding[]): string {
  const counts = new Map<string, number>();
  for (const { decision } of findings) counts.set(decision, (counts.get(decision) ?? 0) + 1);
  if (counts.size === 1) return [...counts.keys()].join("");
  return [...counts].map(([decision, count]) => `${decision} ${count.toLocaleString()}`).join(", ");
}

/** Those that have a text somewhere in the file's name, in another's, or in what is said. */
export function having(findings: Finding[], text: string): Finding[] {
  const sought = text.trim().toLowerCase();
  if (!sought) return findings;
  return findings.filter(({ file = "", others = [], message }) =>
    [file, message, ...others].some((one) => one.toLowerCase().includes(sought)),
  );
}
