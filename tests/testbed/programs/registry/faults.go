package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"time"
)

// fault is one way to misbehave. The first rule that matches a request, and has times left, is the one used.
type fault struct {
	Path     string            `json:"path"`               // regular expression, searched in the URL's path
	Method   string            `json:"method,omitempty"`   // any when empty
	Status   int               `json:"status,omitempty"`   // answered instead of asking the registry
	Headers  map[string]string `json:"headers,omitempty"`  // set on the answer, over what the registry says
	Body     *string           `json:"body,omitempty"`     // answered in place of the registry's body
	Tamper   string            `json:"tamper,omitempty"`   // not empty: one byte of the body is flipped, the length stays
	Truncate *int              `json:"truncate,omitempty"` // the connection breaks after so many bytes of the body
	Times    int               `json:"times,omitempty"`    // for so many requests; 0: until cleared
	DelayMs  int               `json:"delayMs,omitempty"`  // waited before answering

	pattern *regexp.Regexp
	used    int
}

type faultRules struct {
	lock  sync.Mutex
	rules []*fault
}

// ServeHTTP is the control endpoint: PUT replaces the rules by a JSON list, GET lists them, DELETE clears them.
func (f *faultRules) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.lock.Lock()
	defer f.lock.Unlock()
	switch r.Method {
	case http.MethodGet:
		json.NewEncoder(w).Encode(f.rules)
	case http.MethodPut:
		rules, err := parseRules(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.rules = rules
		w.WriteHeader(http.StatusNoContent)
	case http.MethodDelete:
		f.rules = nil
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
	}
}

func parseRules(r *http.Request) ([]*fault, error) {
	var rules []*fault
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields() // a misspelt rule would be a test that tests nothing
	if err := decoder.Decode(&rules); err != nil {
		return nil, err
	}
	for _, rule := range rules {
		pattern, err := regexp.Compile(rule.Path)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", rule.Path, err)
		}
		rule.pattern = pattern
	}
	return rules, nil
}

func (f *faultRules) take(r *http.Request) *fault {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, rule := range f.rules {
		if rule.Method != "" && rule.Method != r.Method {
			continue
		}
		if rule.Times > 0 && rule.used >= rule.Times {
			continue
		}
		if rule.pattern.MatchString(r.URL.Path) {
			rule.used++
			return rule
		}
	}
	return nil
}

func (f *faultRules) inject(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rule := f.take(r)
		if rule == nil {
			next.ServeHTTP(w, r)
			return
		}
		if !wait(r, time.Duration(rule.DelayMs)*time.Millisecond) {
			return
		}
		recorder := httptest.NewRecorder()
		if rule.Status != 0 {
			writeStatus(recorder, rule.Status)
		} else {
			next.ServeHTTP(recorder, r)
		}
		rule.answer(w, r, recorder)
	})
}

// wait returns false when the client left first.
func wait(r *http.Request, delay time.Duration) bool {
	select {
	case <-time.After(delay):
		return true
	case <-r.Context().Done():
		return false
	}
}

func writeStatus(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status >= 400 {
		fmt.Fprintf(w, `{"errors":[{"code":"UNKNOWN","message":"%s (a fault of the testbed)"}]}`, http.StatusText(status))
	}
}

func (f *fault) answer(w http.ResponseWriter, r *http.Request, recorded *httptest.ResponseRecorder) {
	body := recorded.Body.Bytes()
	if f.Body != nil {
		body = []byte(*f.Body)
	}
	if f.Tamper != "" && len(body) > 0 {
		body = append([]byte(nil), body...)
		body[len(body)/2] ^= 0x01
	}
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	if r.Method != http.MethodHead {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	}
	for name, value := range f.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(recorded.Code)
	if f.Truncate == nil || *f.Truncate >= len(body) {
		w.Write(body)
		return
	}
	w.Write(body[:*f.Truncate])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // the connection breaks: net/http's own way to say so
}
