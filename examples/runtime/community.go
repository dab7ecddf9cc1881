package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"

	"github.com/spindleweb/spindle/resource/rpc"
	"github.com/spindleweb/spindle/session"
)

// account is who may log in, and where.
type account struct{ name, password, community string }

// community is the log-in of one session.
type community struct {
	mu   sync.Mutex
	user *userInformation // nil if nobody has logged in
}

// userInformation is what AstroGrid calls a UserInformation.
type userInformation struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Community string `json:"community"`
}

// newCommunity returns the service for a session: its log-in is that of nobody
// else, and gone with it.
func newCommunity(*session.Session) []*rpc.Service {
	c := new(community)
	s := &rpc.Service{Name: "astrogrid.community", Help: "Logs the user of this session in and out."}
	s.Export("login", c.login, "username", "password", "community").Help = "Logs in."
	s.Export("logout", c.logout).Help = "Logs out."
	s.Export("isLoggedIn", c.isLoggedIn).Help = "Tells whether somebody has logged in."
	s.Export("getUserInformation", c.getUserInformation).Help = "Returns who has logged in, or null."
	return []*rpc.Service{s}
}

func (c *community) login(name, password, place string) error {
	given, want := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(allowed.password))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 || name != allowed.name || place != allowed.community {
		return &rpc.Fault{Code: 1, Name: "SecurityException", Origin: "community", Description: "user or password are wrong"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user = &userInformation{ID: "ivo://" + place + "/" + name, Name: name, Community: place}
	return nil
}

func (c *community) logout() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user = nil
}

func (c *community) isLoggedIn() bool { return c.getUserInformation() != nil }

func (c *community) getUserInformation() *userInformation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}
