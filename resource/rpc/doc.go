// Package rpc has programs call Go functions, by XML-RPC, by JSON-RPC 2.0 and by
// plain HTTP, all from one registry.
//
//	database := &rpc.Service{Name: "database"}
//	database.Export("tables", tables)
//	database.Export("cursor", open, "timeout=60").Help = "Opens a cursor."
//
//	var registry rpc.Registry
//	registry.Add(database)
//	root.PutChild("rpc", &rpc.Gateway{Registry: &registry})
//
// A stock Python calls them so:
//
//	xmlrpc.client.ServerProxy("http://localhost:8080/rpc").database.tables()
//	xmlrpc.client.ServerProxy("http://localhost:8080/rpc/database").tables()
//
// curl so, and a browser finds forms to try them:
//
//	curl http://localhost:8080/rpc/database/tables/plain
//
// A Service is a set of functions that are exported by name; nothing else can be
// called. A Gateway is the resource that serves those which have joined its group
// in the Registry. To have clients log in, put a guard before it.
//
// What a Gateway promises:
//
//   - Parameters are checked and converted before the function is called. What is
//     wrong with a call, an error, an Abort or a panic is a fault in the client's
//     own terms; of a panic it learns no more than that, the log has the rest.
//   - Functions are called on many goroutines at once, also those of one session.
//   - A Hook of the gateway or the service sees every call, and may refuse it,
//     or change what comes of it.
//   - A call whose session ends is answered: the service went away.
//   - A request is refused that is nested too deeply, has too many values, makes
//     more than 1,000 calls, is too large, or comes from a page of another site, as
//     far as the browser tells: for a GET over plain http an old one may not. A
//     proxy has to pass the Host on.
//   - system.listMethods, methodSignature, methodHelp and multicall tell what there
//     is and make several calls at once.
package rpc
