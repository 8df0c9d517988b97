package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// entry is one change of a manifest, as the client sent it.
type entry struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	ContentType string `json:"contentType,omitempty"`
	Body        []byte `json:"body,omitempty"`
}

func (e entry) request() *http.Request {
	r := httptest.NewRequest(e.Method, e.Path, bytes.NewReader(e.Body))
	r.Header.Set("Content-Type", e.ContentType)
	return r
}

// withJournal lets manifests survive a restart: the registry keeps them in memory only, so accepted changes are
// written down and played again at the start.
func withJournal(next http.Handler, path string) (http.Handler, error) {
	if err := replay(next, path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	var lock sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, _ := pathKind(r.URL.Path)
		if kind != "manifests" || (r.Method != http.MethodPut && r.Method != http.MethodDelete) {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		e := entry{Method: r.Method, Path: r.URL.Path, ContentType: r.Header.Get("Content-Type"), Body: body}
		r.Body = io.NopCloser(bytes.NewReader(body))
		lock.Lock()
		defer lock.Unlock()
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		if recorder.Code < 300 {
			if err := json.NewEncoder(file).Encode(e); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		copyResponse(w, recorder)
	}), nil
}

func replay(next http.Handler, path string) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		var e entry
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // a kill may cut the last line
			return nil
		}
		if err != nil {
			return err
		}
		next.ServeHTTP(httptest.NewRecorder(), e.request())
	}
}

func copyResponse(w http.ResponseWriter, recorded *httptest.ResponseRecorder) {
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(recorded.Code)
	w.Write(recorded.Body.Bytes())
}
