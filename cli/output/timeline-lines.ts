import type { FoundService } from "../services.ts";

/** Prints something that happened: its kind for machines, words for both, and what else a machine wants to know. */
export type Print = (kind: string, words: string, more?: object) => void;

/** A line with the time since the beginning for people, a JSON line for machines. */
export function printer({ service, namespace }: Pick<FoundService, "service" | "namespace">, json: boolean): Print {
  const began = Date.now();
  return (kind, words, more = {}) => {
    const at = new Date();
    if (json) console.log(JSON.stringify({ at: at.toISOString(), service, namespace, kind, reason: words, ...more }));
    else console.log(`${time((at.getTime() - began) / 1000)}  ${words}`);
  };
}

function time(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(3)}:${String(whole % 60).padStart(2, "0")}`;
}
