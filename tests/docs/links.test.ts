import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import site from "../../docs/.vitepress/config.ts";

const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const pages = globSync("docs/**/*.md", { cwd: root });
const documents = [...globSync("*.md", { cwd: root }), ...pages];

/** A text without its code, where nothing is a link or a heading. */
function withoutCode(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```/gm, "").replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ""));
}

/** The anchors of a page: those that both the site and a view of the repository give to its headings. */
function anchorsOf(file: string): string[] {
  const headings = [...withoutCode(read(file)).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) =>
    text.replaceAll("`", ""),
  );
  const inSite = (text: string) =>
    text
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .toLowerCase();
  const inRepository = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
  return headings.filter((text) => inSite(text) === inRepository(text)).map(inSite);
}

/** The links of a page to other files or anchors. */
function linksOf(file: string): { path: string; anchor: string | undefined }[] {
  return [...withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = "", anchor] = target.split("#");
      return { path: path === "" ? file : normalize(join(dirname(file), path)), anchor };
    });
}

describe("the documents", () => {
  it("link only to files and headings that there are", () => {
    const dead = documents.flatMap((file) =>
      linksOf(file)
        .filter(({ path, anchor }) => !existsSync(join(root, path)) || (anchor && !anchorsOf(path).includes(anchor)))
        .map(({ path, anchor }) => `${file}: ${path}${anchor === undefined ? "" : `#${anchor}`}`),
    );
    assert.deepEqual(dead, []);
  });

  it("link from docs/ only to what the site has", () => {
    const outside = pages.flatMap((file) =>
      linksOf(file)
        .filter(({ path }) => !path.startsWith("docs/"))
        .map(({ path }) => `${file}: ${path}`),
    );
    assert.deepEqual(outside, []);
  });

  it("are where messages and comments say that they are", () => {
    const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" });
    const sources = files
      .split("\n")
      .filter((file) => /\.(ts|ya?ml|json|go|sh)$/.test(file) && existsSync(join(root, file)));
    const missing = sources.flatMap((file) =>
      [...read(file).matchAll(/(?<![\w/.])docs\/[\w./-]+\.md\b/g)]
        .filter(([path]) => !existsSync(join(root, path)))
        .map(([path]) => `${file}: ${path}`),
    );
    assert.deepEqual(missing, []);
  });
});

describe("the site", () => {
  const listed = site.themeConfig.sidebar.flatMap(({ items = [] }) => items.map(({ link = "" }) => `docs${link}.md`));

  it("lists every page once, beside the first one", () => {
    assert.deepEqual(listed.toSorted(), pages.filter((page) => page !== "docs/index.md").sort());
  });
});
