"""The console: a web page over the state of the cluster, for people who would rather look than type.

Pages are rendered on the server, and read and work without JavaScript; with it they are live. Every request to the API
server is made with the credentials of the person who looks: what may be seen and done the API server decides, and
nothing of one user is kept where another one is served from.

``application.create`` puts it together; ``pages`` has a module a page; ``pattern_view`` is what a user's watch knows;
``pattern_list`` filters, sorts and pages it. ``cli.console`` runs it.
"""
