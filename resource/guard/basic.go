package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/spindleweb/spindle/resource"
	"github.com/valyala/fasthttp"
)

// Basic is HTTP Basic authentication (RFC 7617) before a resource and all that
// is below it. The password travels in each request, readable: use it over TLS,
// or where nobody listens.
type Basic struct {
	resource.Leaf

	// Resource is what is guarded.
	Resource resource.Resource

	// Check reports whether the password is that of the user. It runs on the
	// goroutine of the request, for many at once. Default nobody.
	Check func(user, password string) bool

	// Realm is what browsers show when they ask for the password. Default "".
	Realm string
}

var _ resource.Renderer = (*Basic)(nil)

// Render answers 401 to who has not logged in, and has Resource answer the rest.
func (b *Basic) Render(req *resource.Request) {
	user, password, ok := credentials(req.Request.Header.Peek(fasthttp.HeaderAuthorization))
	if !ok || b.Check == nil || !b.Check(user, password) {
		req.Response.Header.Set(fasthttp.HeaderWWWAuthenticate, `Basic realm="`+quoted.Replace(b.Realm)+`", charset="UTF-8"`)
		req.Abort(fasthttp.StatusUnauthorized)
	}
	req.SetUserValue(userKey{}, user)
	resource.Serve(b.Resource, req)
}

// quoted writes what is within a quoted-string (RFC 9110 5.6.4).
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ")

// credentials reads what a browser or curl sends. A user's name has no colon.
func credentials(header []byte) (user, password string, ok bool) {
	scheme, code, ok := bytes.Cut(header, []byte(" "))
	if !ok || !bytes.EqualFold(scheme, []byte("Basic")) {
		return "", "", false
	}
	text, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(code)))
	if err != nil || !utf8.Valid(text) || bytes.ContainsRune(text, 0) {
		return "", "", false
	}
	return strings.Cut(string(text), ":")
}

// Users returns a Check for a few users, given with their passwords. How long it
// takes tells neither who is among them nor how much of a password was right.
func Users(passwords map[string]string) func(user, password string) bool {
	sums := make(map[string][sha256.Size]byte, len(passwords))
	for user, password := range passwords {
		sums[user] = sha256.Sum256([]byte(password))
	}
	return func(user, password string) bool {
		want, known := sums[user]
		given := sha256.Sum256([]byte(password))
		return subtle.ConstantTimeCompare(given[:], want[:]) == 1 && known
	}
}

type userKey struct{}

// User returns who has logged in, and "" if nobody had to. The context is that of
// a request, or one that WithUser has made.
func User(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// WithUser returns a copy of ctx for work on behalf of the user that goes on
// apart from the request.
func WithUser(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}
