// What the build puts in place of an import.
declare module "*.css" {
  const text: string;
  export default text;
}
