# What a package of hullmark holds, by GNUInstallDirs. The benchmark's own folder installs its file.
install(TARGETS hullmark RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/hullmark.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES docs/man/hullmark.yaml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES docs/man/hullmark.service.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES README.md docs/adopting.md docs/enforcement.md docs/hooks.md docs/proc-connector.conf docs/web.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/waivers docs/web-config DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/hooks DESTINATION ${CMAKE_INSTALL_DOCDIR} USE_SOURCE_PERMISSIONS)
install(DIRECTORY docs/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/hullmark)
install(DIRECTORY dashboards/ DESTINATION ${CMAKE_INSTALL_DATADIR}/hullmark/dashboards
        PATTERN make.py EXCLUDE)
# The shipped configuration is the default, in comments and values. A site's own copy is kept by
# whoever packages this, as is usual for files in etc.
install(FILES systemd/hullmark.yaml DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/hullmark)

# The units name /usr/bin/hullmark: they are for an installation below /usr.
set(HULLMARK_UNIT_DIR lib/systemd/system CACHE STRING "Where systemd's units are installed")
install(FILES systemd/hullmark.service systemd/hullmark-gateway.service
              systemd/hullmark-gateway.socket systemd/hullmark-audit.service
              systemd/hullmark-courier.service systemd/hullmark-courier.socket
              systemd/hullmark-runner@.service systemd/hullmark-runner.socket
              systemd/hullmark-audit.timer
        DESTINATION ${HULLMARK_UNIT_DIR})
# Shipped where it is not in force.
install(FILES systemd/hullmark-enforce.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/hullmark/systemd)
install(FILES systemd/hullmark.sysusers DESTINATION lib/sysusers.d RENAME hullmark.conf)
install(FILES systemd/hullmark.tmpfiles DESTINATION lib/tmpfiles.d RENAME hullmark.conf)
install(FILES systemd/apparmor/hullmark DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/apparmor.d)
