// What the package has of types says nothing of these files.
declare module '@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js' {
  export const AccessHandlePoolVFS: { create(name: string, module: object): Promise<SQLiteVFS> }
}
declare module '@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js' {
  export const OPFSWriteAheadVFS: { create(name: string, module: object): Promise<SQLiteVFS> }
}
declare module '@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js' {
  export const OPFSCoopSyncVFS: { create(name: string, module: object): Promise<SQLiteVFS> }
}
declare module '@journeyapps/wa-sqlite/dist/wa-sqlite-jspi.mjs' {
  export default function ModuleFactory(config?: object): Promise<object>
}
