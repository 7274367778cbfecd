/** Drawings of docs/ from their text in the DOT language. */
import { instance } from "@viz-js/viz";

/**
 * A drawing as SVG, for light and dark pages alike.
 *
 * @param text a graph in DOT (https://graphviz.org/doc/info/lang.html)
 * @throws Error if the text is no graph
 * @example await drawing("digraph { a -> b }") // <svg ...
 */
export async function drawing(text: string): Promise<string> {
  const viz = await instance();
  const svg = viz.renderString(text, { format: "svg", engine: "dot" });
  return svg.slice(svg.indexOf("<svg"));
}
