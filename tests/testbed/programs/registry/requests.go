package main

import (
	"encoding/json"
	"net/http"
	"sync"
)

// requestCounts counts what clients ask for, so that a test can say "and nothing was asked again".
type requestCounts struct {
	lock   sync.Mutex
	counts map[string]int
}

// count adds one under "METHOD kind", where kind is manifests, blobs, referrers, tags, token or base (/v2/ itself).
func (c *requestCounts) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _ := pathKind(r.URL.Path)
		c.lock.Lock()
		c.counts[r.Method+" "+kind]++
		c.lock.Unlock()
		next.ServeHTTP(w, r)
	})
}

func (c *requestCounts) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.lock.Lock()
	defer c.lock.Unlock()
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(c.counts)
	case http.MethodDelete:
		c.counts = map[string]int{}
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "GET or DELETE", http.StatusMethodNotAllowed)
	}
}
