// The package has no types; what is used of it is written down where it is used.
declare module 'pouchdb-browser'
