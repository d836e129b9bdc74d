// Compiles a template into a function.
import Handlebars from "npm:handlebars@4.7.10/dist/cjs/handlebars.js";

export function main() {
  return Handlebars.compile("Hello {{#each names}}{{this}} {{/each}}")({ names: ["a", "<b>"] });
}
