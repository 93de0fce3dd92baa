/**
 * Messages of the operating system that Java and Python quote, by the languages in which glibc prints them (its catalogues
 * de, fr, es, it, pt, pt_BR, ja, zh_CN, ru, ko). Rules know the English ones.
 */
const translations: Readonly<Record<string, readonly string[]>> = {
  'No such file or directory': [
    'Datei oder Verzeichnis nicht gefunden',
    'Aucun fichier ou dossier de ce type',
    'No existe el archivo o el directorio',
    'No existe el fichero o el directorio',
    'File o directory non esistente',
    'Arquivo ou diretório inexistente',
    'Ficheiro ou pasta inexistente',
    'そのようなファイルやディレクトリはありません',
    '没有那个文件或目录',
    'Нет такого файла или каталога',
    '그런 파일이나 디렉터리가 없습니다',
  ],
  'Permission denied': [
    'Keine Berechtigung',
    'Permission non accordée',
    'Permiso denegado',
    'Permesso negato',
    'Permissão negada',
    '許可がありません',
    '权限不够',
    'Отказано в доступе',
    '허가 거부',
  ],
  'No space left on device': [
    'Auf dem Gerät ist kein Speicherplatz mehr verfügbar',
    'Aucun espace disponible sur le périphérique',
    'No queda espacio en el dispositivo',
    'Spazio esaurito sul device',
    'Não há espaço disponível no dispositivo',
    'デバイスに空き領域がありません',
    '设备上没有空间',
    'На устройстве не осталось свободного места',
  ],
  'Read-only file system': [
    'Das Dateisystem ist nur lesbar',
    'Système de fichiers accessible en lecture seulement',
    'Sistema de ficheros de sólo lectura',
    'File system in sola lettura',
    'Sistema de arquivos somente para leitura',
    '読み込み専用ファイルシステムです',
    '只读文件系统',
    'Файловая система доступна только для чтения',
  ],
}

const english = new Map(Object.entries(translations).flatMap(([text, others]) => others.map((other) => [other, text])))
const any = new RegExp([...english.keys()].join('|'), 'g')

/** The text with the messages of the operating system in English. */
export const withEnglishErrors = (text: string): string => text.replace(any, (found) => english.get(found) ?? found)
