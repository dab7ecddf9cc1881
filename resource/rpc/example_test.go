package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/resource"
	"github.com/spindleweb/spindle/resource/guard"
	"github.com/spindleweb/spindle/resource/persession"
	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
	"github.com/valyala/fasthttp"
)

// send has the tree answer a request, as a client would have a server do.
func send(root resource.Resource, method, path, contentType, body string) string {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI(path)
	ctx.Request.Header.SetContentType(contentType)
	ctx.Request.SetBodyString(body)
	(&resource.Tree{Root: root}).Handler(&ctx)
	return string(ctx.Response.Body())
}

// A library lends books, in three ways at once.
func Example() {
	titles := map[int]string{7: "The Odyssey"}

	library := &rpc.Service{Name: "library", Help: "Lends books."}
	library.Export("title", func(id int) (string, error) {
		title, ok := titles[id]
		if !ok {
			return "", fmt.Errorf("there is no book %d", id)
		}
		return title, nil
	}, "id").Help = "Returns what a book is called."

	var registry rpc.Registry
	registry.Add(library)
	root := new(resource.Branch)
	root.PutChild("rpc", &rpc.Gateway{Registry: &registry})

	fmt.Println(send(root, "GET", "/rpc/library/title/plain?id=7", "", ""))
	fmt.Println(send(root, "GET", "/rpc/library/title/plain?id=8", "", ""))
	fmt.Println(send(root, "POST", "/rpc", "application/json",
		`{"jsonrpc": "2.0", "id": 1, "method": "library.title", "params": {"id": 7}}`))
	fmt.Println(send(root, "POST", "/rpc/library", "text/xml",
		`<methodCall><methodName>title</methodName><params><param><value><int>7</int></value></param></params></methodCall>`))
	// Output:
	// The Odyssey
	// library -- there is no book 8
	// {"jsonrpc":"2.0","result":"The Odyssey","id":1}
	// <?xml version="1.0" encoding="UTF-8"?>
	// <methodResponse><params><param><value><string>The Odyssey</string></value></param></params></methodResponse>
}

// A parameter with a default may be left out.
func ExampleService_Export() {
	texts := &rpc.Service{Name: "texts"}
	texts.Export("repeat", strings.Repeat, "text", "times=3")

	var registry rpc.Registry
	registry.Add(texts)
	gateway := &rpc.Gateway{Registry: &registry}

	fmt.Println(send(gateway, "GET", "/texts/repeat/plain?text=ho", "", ""))
	fmt.Println(send(gateway, "GET", "/texts/repeat/plain?text=ho&times=1", "", ""))
	// Output:
	// hohoho
	// ho
}

// A service opens sessions, each a service at a URL of its own, as cursors are that
// a database has open.
func ExampleService_sessions() {
	cursors := &persession.Space{New: func(_ context.Context, s *session.Session) (resource.Resource, error) {
		var row atomic.Int64 // calls may come at once
		s.NotifyOnExpire(func() { fmt.Println("closed after row", row.Load()) })
		cursor := &rpc.Service{Name: "cursor"}
		cursor.Export("fetchone", func() int64 { return row.Add(1) })
		cursor.Export("close", s.Expire)
		var own rpc.Registry
		own.Add(cursor)
		return (&rpc.Gateway{Registry: &own, Session: s}).At("cursor"), nil
	}}
	database := &rpc.Service{Name: "database", Sessions: cursors}
	database.Export("cursor", func(ctx context.Context, timeout float64) (string, error) {
		span, err := persession.Span(timeout, time.Second)
		if err != nil {
			return "", err
		}
		s, err := cursors.Open(ctx, span)
		if err != nil {
			return "", err
		}
		return s.UID(), nil
	}, "timeout=60")

	var registry rpc.Registry
	registry.Add(database)
	gateway := &rpc.Gateway{Registry: &registry}

	mine := send(gateway, "GET", "/database/cursor/plain?timeout=10", "", "")
	fmt.Println(send(gateway, "GET", "/database/"+mine+"/fetchone/plain", "", ""))
	fmt.Println(send(gateway, "GET", "/database/"+mine+"/fetchone/plain", "", ""))
	fmt.Println(send(gateway, "GET", "/database/"+mine+"/close/plain", "", ""))
	fmt.Println(send(gateway, "GET", "/database/"+mine+"/fetchone/plain", "", ""))
	// Output:
	// 1
	// 2
	// closed after row 2
	// OK
	// 404 Not Found
}

// A hook lets those alone delete who may.
func ExampleHook() {
	only := func(user string) rpc.Hook {
		return func(ctx context.Context, c *rpc.Call) (any, error) {
			if strings.HasPrefix(c.Method, "delete") && guard.User(ctx) != user {
				return nil, &rpc.Fault{Code: 403, Name: "SecurityException", Origin: c.Service, Description: c.Method + " is for " + user}
			}
			return c.Invoke(ctx)
		}
	}

	files := &rpc.Service{Name: "files", Hook: only("eva")}
	files.Export("list", func() []string { return []string{"a", "b"} })
	files.Export("delete", func(name string) {}, "name")

	var registry rpc.Registry
	registry.Add(files)
	gateway := &rpc.Gateway{Registry: &registry}

	fmt.Println(send(gateway, "GET", "/files/list/plain", "", ""))
	fmt.Println(send(gateway, "GET", "/files/delete/plain?name=a", "", ""))
	// Output:
	// ["a","b"]
	// files -- delete is for eva
}

// Abort ends a call from wherever it has got to.
func ExampleAbort() {
	query := func(text string) {
		rpc.Abort(1064, "syntax error", "database", text)
	}
	database := &rpc.Service{Name: "database"}
	database.Export("count", func(table string) int {
		query("select count(*) from " + table)
		return 0
	}, "table")

	var registry rpc.Registry
	registry.Add(database)
	gateway := &rpc.Gateway{Registry: &registry}

	fmt.Println(send(gateway, "GET", "/database/count/plain?table=x+y", "", ""))
	// Output:
	// database -- syntax error
	//
	// select count(*) from x y
}

// In AstroGrid's dialect errors are told of by the name of an exception.
func ExampleDialect() {
	sky := &rpc.Service{Name: "sky"}
	sky.Export("find", func(star string) error {
		return &rpc.Fault{Name: "NotFoundException", Description: "there is no " + star}
	}, "star")
	sky.Export("sleep", func() error { return errors.New("it is day") })
	sky.Export("look", func() {})

	var registry rpc.Registry
	registry.Add(sky)
	gateway := &rpc.Gateway{Registry: &registry, Dialect: rpc.AstroGrid}

	fmt.Println(send(gateway, "GET", "/sky/find/plain?star=Nemesis", "", ""))
	fmt.Println(send(gateway, "GET", "/sky/sleep/plain", "", ""))
	fmt.Println(send(gateway, "GET", "/sky/look/plain", "", ""))
	// Output:
	// NotFoundException: there is no Nemesis
	// ServiceException: it is day
	// OK
}

// Services that have joined a group are served by its gateways alone.
func ExampleRegistry_Add() {
	open := &rpc.Service{Name: "time"}
	open.Export("zone", func() string { return "UTC" })
	inner := &rpc.Service{Name: "admin"}
	inner.Export("stop", func() {})

	var registry rpc.Registry
	registry.Add(open, "public", "staff")
	registry.Add(inner, "staff")
	public := &rpc.Gateway{Registry: &registry, Group: "public"}
	staff := &rpc.Gateway{Registry: &registry, Group: "staff"}

	const call = `{"jsonrpc": "2.0", "id": 1, "method": "admin.stop"}`
	fmt.Println(send(public, "POST", "/", "application/json", call))
	fmt.Println(send(staff, "POST", "/", "application/json", call))
	// Output:
	// {"jsonrpc":"2.0","error":{"code":-32601,"message":"No such method","data":{"name":"NotFoundException","origin":"rpc","details":"There is no \"admin.stop\"."}},"id":1}
	// {"jsonrpc":"2.0","result":null,"id":1}
}
