// Package guard lets nobody into a part of the tree who has not logged in.
//
//	root.PutChild("admin", &guard.Basic{
//		Realm:    "administration",
//		Check:    guard.Users(map[string]string{"eva": "secret"}),
//		Resource: admin,
//	})
//
// What is behind it learns who has come by User: of its request, or in a function
// that package rpc calls, of the context.
package guard
