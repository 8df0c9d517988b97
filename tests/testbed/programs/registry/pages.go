package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
)

// withPages adds the Link header to a list of tags that was cut to n (distribution-spec, "Listing Tags"): without it
// a client cannot know that there is more.
func withPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, repository := pathKind(r.URL.Path)
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if kind != "tags" || err != nil || n < 1 {
			next.ServeHTTP(w, r)
			return
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		var page struct {
			Tags []string `json:"tags"`
		}
		if json.Unmarshal(recorder.Body.Bytes(), &page) == nil && len(page.Tags) == n {
			rest := url.Values{"n": {fmt.Sprint(n)}, "last": {page.Tags[n-1]}}
			link := fmt.Sprintf("</v2/%s/tags/list?%s>; rel=\"next\"", repository, rest.Encode())
			recorder.Header().Set("Link", link)
		}
		copyResponse(w, recorder)
	})
}
