from asgi_consent.cli import main

raise SystemExit(main())
