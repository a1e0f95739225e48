# What a package of hullmark holds, by GNUInstallDirs. The benchmark's own folder installs its file.
install(TARGETS hullmark RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES docs/man/hullmark.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/schema DESTINATION ${CMAKE_INSTALL_DATADIR}/hullmark)
# The shipped configuration is the default, in comments and values. A site's own copy is kept by
# whoever packages this, as is usual for files in etc.
install(FILES systemd/hullmark.yaml DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/hullmark)
