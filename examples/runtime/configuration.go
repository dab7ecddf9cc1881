package main

import (
	"maps"
	"slices"
	"sync"

	"github.com/spindleweb/spindle/resource/rpc"
)

// configuration is shared by all sessions.
type configuration struct {
	mu     sync.Mutex
	values map[string]string
}

func newConfiguration() *rpc.Service {
	c := &configuration{values: make(map[string]string)}
	s := &rpc.Service{Name: "builtin.configuration", Help: "Settings that all sessions share."}
	s.Export("setKey", c.setKey, "key", "value").Help = "Sets a value, and tells whether there was none."
	s.Export("getKey", c.getKey, "key").Help = "Returns a value, or null."
	s.Export("removeKey", c.removeKey, "key").Help = "Removes a value."
	s.Export("listKeys", c.listKeys).Help = "Returns the names of all values."
	s.Export("list", c.list).Help = "Returns all values by their names."
	return s
}

func (c *configuration) setKey(key, value string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, known := c.values[key]
	c.values[key] = value
	return !known
}

func (c *configuration) getKey(key string) *string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.values[key]; ok {
		return &v
	}
	return nil
}

func (c *configuration) removeKey(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, key)
}

func (c *configuration) listKeys() []string {
	return slices.Sorted(maps.Keys(c.list()))
}

func (c *configuration) list() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.values)
}
